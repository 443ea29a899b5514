"""AWS on one machine: a control plane, a load balancer, instances and their faults."""
