"""The project: settings, URLs, servers, system checks, backups, and the local site."""
