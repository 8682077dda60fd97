"""Extensions of the API that are Freehold's own, defined as neutron-lib defines its own."""
