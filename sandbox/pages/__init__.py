"""The shop's few Wagtail pages: the words above the catalogue, and pages such as "About us"."""
