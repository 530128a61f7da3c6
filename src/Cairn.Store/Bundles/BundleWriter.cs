using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Store.Content;
using Cairn.Trust.Bundles;

namespace Cairn.Store.Bundles;

/// <summary>Writes bundles, in constant memory: what is not in memory already is copied from where it stands, and hashed again on its way.</summary>
public static class BundleWriter
{
    private const int OutputBufferBytes = 256 << 10;

    /// <summary>Writes a bundle. Throws <see cref="BundleException"/> where a file is not what its digest says, and <see cref="IOException"/>.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="head">All of it but the bytes of the files.</param>
    /// <param name="open">Opens a blob of the payload.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static void Write(Stream output, BundleHead head, Func<Digest, Stream> open, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(head);
        ArgumentNullException.ThrowIfNull(open);
        foreach (var part in head.Parts)
        {
            output.Write(Ustar.OfPart(part.Name, part.Digest.SizeBytes));
            if (!part.Content.IsDefault)
            {
                output.Write(part.Content.AsSpan());
            }
            else
            {
                using var source = open(part.Digest);
                if (Copy(source, output, part.Digest.SizeBytes, cancellationToken) != part.Digest)
                {
                    throw new BundleException(DiagnosticCodes.BundleDigestWrong, $"`{FileOf(head, part.Digest)}` changed while it was bundled");
                }
            }

            output.Write(new byte[Ustar.Padding(part.Digest.SizeBytes)]);
        }

        output.Write(new byte[Ustar.EndBytes]);
    }

    /// <summary>Writes a bundle to a file, which is there whole or not at all. Throws <see cref="BundleException"/>, <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
    public static void WriteFile(string path, BundleHead head, Func<Digest, Stream> open, CancellationToken cancellationToken)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            // What stands there is of a process that is no more; a link that somebody put there would lead elsewhere.
            File.Delete(temporary);
            using (var output = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, OutputBufferBytes))
            {
                Write(output, head, open, cancellationToken);
                if (File.Exists(path))
                {
                    // The bundle that it takes the place of is not lost for one that did not reach the disk.
                    output.Flush(flushToDisk: true);
                }
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>The digest of the bundle that <see cref="Write"/> would write, and throws what it does.</summary>
    public static Digest DigestOf(BundleHead head, Func<Digest, Stream> open, CancellationToken cancellationToken)
    {
        using var sink = new HashSink();
        Write(sink, head, open, cancellationToken);
        return sink.Finish();
    }

    /// <summary>Copies a stream, and gives the digest of what was copied.</summary>
    internal static Digest Copy(Stream source, Stream target, long sizeBytes, CancellationToken cancellationToken)
    {
        using var hash = new StreamingHash(sizeBytes);
        while (source.ReadAtLeast(hash.Buffer, hash.Buffer.Length, throwOnEndOfStream: false) is > 0 and var count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            target.Write(hash.Append(count));
            hash.Advance();
            if (hash.Length > sizeBytes)
            {
                // It grew: there is no end to tell.
                break;
            }
        }

        return hash.Finish();
    }

    private static string FileOf(BundleHead head, Digest blob) => head.Artifact.Payload.FirstOrDefault(p => p.Digest == blob).Path ?? "a file";
}
