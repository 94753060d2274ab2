# SPDX-License-Identifier: MIT
# man/: the manual.
dist_man_MANS = man/ioctl_mshare.2 man/libmshare.7 man/mount.msharefs.8 \
	man/mshare.3 man/mshare_advise.3 man/mshare_attach.3 man/mshare_create.3 \
	man/mshare_detach.3 man/mshare_error.3 man/mshare_fd.3 man/mshare_map.3 \
	man/mshare_mount_open.3 man/mshare_overview.7 man/mshare_protect.3 \
	man/mshare_unlink.3 man/mshare_unmap.3 man/msharectl-create.1 \
	man/msharectl-doctor.1 man/msharectl-ls.1 man/msharectl-maps.1 \
	man/msharectl-mount.1 man/msharectl-plan.1 man/msharectl-protect.1 \
	man/msharectl-rm.1 man/msharectl-run.1 man/msharectl-top.1 \
	man/msharectl-umount.1 man/msharectl-unmap.1 man/msharectl-windows.1 \
	man/msharectl.1 man/msharefs.8

# Pages with two names
man_links = mshare mshare_unlink mshare_fd mshare_create
install-data-hook: link-pages
link-pages: install-man
	cd $(DESTDIR)$(man3dir) && for page in $(man_links); do \
		$(LN_S) -f $$page.3 $${page}_at.3 || exit 1; done
uninstall-hook: unlink-pages
unlink-pages:
	for page in $(man_links); do rm -f $(DESTDIR)$(man3dir)/$${page}_at.3; done
.PHONY: link-pages unlink-pages
