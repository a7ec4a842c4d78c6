"""Sphinx: Markdown pages in four modes (learn, do, look up, understand), built with warnings as errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from wagtail_drip import __version__  # noqa: E402

project = "wagtail-drip"
author = "wagtail-drip contributors"
project_copyright = f"2026, {author}"
release = version = __version__
language = "en"

extensions = ["myst_parser", "sphinx_copybutton", "sphinx_wagtail_theme", "drip_states"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "contributing/charts_build", "releases/unreleased", "**/node_modules"]
myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]
nitpicky = True

html_theme = "sphinx_wagtail_theme"
html_title = project
html_theme_options = {
    "project_name": project,
    "logo": "",
    "github_url": "",
    "header_links": "",
    "footer_links": "",
}
html_show_sphinx = False
html_copy_source = False
