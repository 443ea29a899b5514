"""CloudWatch made true: figures of what really runs, alarms that evaluate, policies that scale."""
