"""What the processes count, how counts become figures over time, and what a month costs; pure logic."""
