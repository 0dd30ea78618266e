/** A port that remembers under which path each descriptor was opened. */
import type { SimulatedFiles } from "./file-port.ts";

export interface FollowedFiles extends SimulatedFiles {
  pathOf(fd: number): string;
}

export const followDescriptors = (files: SimulatedFiles): FollowedFiles => {
  const paths = new Map<number, string>();
  return {
    ...files,
    open: (path, flags, mode) => {
      const fd = files.open(path, flags, mode);
      paths.set(fd, path);
      return fd;
    },
    close: (fd) => {
      paths.delete(fd);
      files.close(fd);
    },
    pathOf: (fd) => paths.get(fd) ?? "",
  };
};
