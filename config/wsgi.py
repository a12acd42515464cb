"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from web.request_ids import identify_requests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = identify_requests(get_wsgi_application())
