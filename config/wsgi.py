"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from web.deep_calls import with_room_for_deep_calls
from web.pages import serve_pages
from web.request_ids import identify_requests

application = identify_requests(serve_pages(with_room_for_deep_calls(get_wsgi_application())))
