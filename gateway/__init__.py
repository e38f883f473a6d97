"""The REST gateway: identity, REST to gRPC, errors. It knows HTTP and nothing about resumes."""
