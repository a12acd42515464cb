"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from web.pages import serve_pages
from web.request_ids import identify_requests

application = identify_requests(serve_pages(get_wsgi_application()))
