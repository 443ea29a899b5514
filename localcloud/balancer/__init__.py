"""The load balancer's data plane: Envoy, driven by what the ELB API holds."""
