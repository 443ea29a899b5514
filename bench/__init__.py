"""`make bench`: what waiting for this project costs, measured and held against targets."""
