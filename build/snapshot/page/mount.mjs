// Files of Python whose contents are part of a larger buffer, which may come later: nothing is copied or unpacked.

/** Makes files in a folder. `files` are [path, offset, size], and `bytes()` is asked for the buffer at the first read. */
export function mount(FS, root, files, bytes) {
  const folders = new Map();
  for (const [path, offset, size] of files) {
    const cut = path.lastIndexOf("/");
    const parent = cut < 0 ? root : `${root}/${path.slice(0, cut)}`;
    let folder = folders.get(parent);
    if (!folder) {
      FS.mkdirTree(parent);
      folders.set(parent, (folder = FS.lookupPath(parent).node));
    }
    const node = FS.filesystems.MEMFS.createNode(folder, path.slice(cut + 1), 0o100644, 0);
    fill(node, size, () => bytes().subarray(offset, offset + size));
  }
}

/** Gives a file its contents, which `get()` returns at the first read. */
export function fill(node, size, get) {
  let contents;
  node.usedBytes = size;
  Object.defineProperty(node, "contents", {
    configurable: true,
    enumerable: true,
    get: () => (contents ??= get()),
    set: (value) => {
      contents = value;
    },
  });
}
