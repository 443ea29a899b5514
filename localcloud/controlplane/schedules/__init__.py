"""EventBridge Scheduler made true: what is due is sent."""
