"""HTTP views of the newsletter: signing up, links in mails, issues on the web, and reports of mail services."""
