"""The weekly newsletter: subscribers, issues, and their delivery."""
