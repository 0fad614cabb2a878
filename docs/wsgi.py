"""Step 3 behind a proxy of yours: gunicorn -w 4 --threads 4 -b 127.0.0.1:8000 docs.wsgi:app."""

from __future__ import annotations

from werkzeug.middleware.proxy_fix import ProxyFix

from step3_redis.app import create_app

app = create_app()
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
