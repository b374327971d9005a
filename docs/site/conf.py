"""Sphinx's settings for the documentation site, which scripts/build-site builds."""

import os

project = "oreg"
author = "The oreg authors"
release = version = os.environ["OREG_VERSION"]
html_title = f"oreg {version}"
html_baseurl = os.environ["OREG_HOMEPAGE"]

extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
# Pages of modules refer to labels of docs.ansible.com, which is not asked; files of inventory are nearly ini.
suppress_warnings = ["myst.header", "misc.highlighting_failure", "ref.ref"]
antsibull_ext_color_scheme = "default-autodark"
nitpicky = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["oreg.css"]
html_theme_options = {
    "source_repository": os.environ["OREG_REPOSITORY"] + "/",
    "source_branch": "main",
    "source_directory": "docs/",
}
html_copy_source = False
