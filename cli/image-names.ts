/** The names that every command with an image takes. */
export const imageNames = `
IMAGE is a registry reference (alpine:3.20, ghcr.io/org/app@sha256:...), or one of
  docker-archive:FILE   what docker save wrote       oci-archive:FILE   an OCI layout in a tar
  oci-layout:DIR        an OCI layout                rootfs:FILE        a tar of a root filesystem
  dir:DIR               a directory`;
