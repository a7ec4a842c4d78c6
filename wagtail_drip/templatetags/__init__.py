"""What any template of the site may use: ``{% load drip %}``."""
