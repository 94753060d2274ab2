# SPDX-License-Identifier: MIT
# doc/: installed beside README.md, so that their links work.

dist_doc_DATA = README.md NEWS
docsdir = $(docdir)/doc
dist_docs_DATA = doc/design.md doc/interface.md doc/model.md \
	doc/performance.md doc/figures.json
docplotsdir = $(docsdir)/plots
dist_docplots_DATA = doc/plots/attach-touch.svg doc/plots/changes.svg \
	doc/plots/model-attach.svg doc/plots/model-changes.svg \
	doc/plots/model-daemon.svg doc/plots/model-page-tables.svg \
	doc/plots/page-tables-by-processes.svg
EXTRA_DIST += CONTRIBUTING.md
