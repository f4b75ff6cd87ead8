"""SAML 2.0 as a service provider: metadata, requests, and the check of what an identity provider answers."""
