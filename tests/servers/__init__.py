"""Real database servers for the tests, started when the first test asks for one.

They listen on the loopback, keep their data in a temporary directory, and end
with the process that started them, however that ends.
"""
