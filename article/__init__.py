"""The forms that circulate, written anew as they are, with their defects."""
