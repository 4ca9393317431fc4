"""Music that goes on: passages to go on from, what is composed, and a report on it."""
