"""The page of one tool: its form, scorecard, plans, facts, and corrections."""
