using System.Collections.Immutable;

namespace Cairn.Core.Content;

/// <summary>A folder, encoded as a canonical <c>build.bazel.remote.execution.v2.Directory</c>, with its digest.</summary>
public sealed record EncodedDirectory(Digest Digest, ImmutableArray<byte> Content);

/// <summary>A Merkle tree of folders. <see cref="TreeBuilder"/> makes it.</summary>
/// <param name="Root">The digest of the topmost folder, which names the tree.</param>
/// <param name="Directories">Every folder once, those below before those above, so the root last.</param>
public sealed record DirectoryTree(Digest Root, ImmutableArray<EncodedDirectory> Directories);
