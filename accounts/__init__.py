"""The editors' accounts: users, groups and their rights, sign-in, and sessions."""
