using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Execution.Toolchains.Downloads;

/// <summary>What a download is written to.</summary>
internal abstract class DownloadTarget
{
    /// <summary>Bytes so far.</summary>
    public abstract long Length { get; }

    /// <summary>What an answer must still be, by its server's own mark, so that bytes of it can be added to those that are here; null where no place gave such a mark, or another.</summary>
    public virtual string? MarkOf(Uri place) => null;

    /// <summary>Begins anew, with what a place sends under a mark.</summary>
    public abstract void Restart(Uri place, string? mark);

    /// <summary>Takes what came. Throws <see cref="ToolchainException"/> where the disk does not.</summary>
    public abstract void Append(ReadOnlySpan<byte> content);
}

/// <summary>A small file.</summary>
internal sealed class MemoryTarget : DownloadTarget
{
    private readonly List<byte> _content = [];

    public override long Length => _content.Count;

    public byte[] ToArray() => [.. _content];

    public override void Restart(Uri place, string? mark) => _content.Clear();

    public override void Append(ReadOnlySpan<byte> content) => CollectionExtensions.AddRange(_content, content);
}

/// <summary>
/// A file that is on its way into the store: <c>downloads/HASH</c>, which stays when the attempt is broken off, with <c>HASH.from</c> beside it, which says what of. It is hashed as
/// it grows; what an earlier attempt left is read once.
/// </summary>
internal sealed class PartialFile : DownloadTarget, IDisposable
{
    private const int BufferBytes = 128 << 10;
    private readonly string _path;
    private readonly bool _isShared;
    private readonly SafeFileHandle _handle;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;

    private PartialFile(string path, bool isShared, SafeFileHandle handle)
    {
        _path = path;
        _isShared = isShared;
        _handle = handle;
    }

    public override long Length => _length;

    public SafeFileHandle Handle => _handle;

    /// <summary>The file of an earlier attempt, or a new one; one of its own where another process is at it.</summary>
    public static PartialFile Open(string folder, string name, long bytesMax)
    {
        var path = Path.Combine(folder, name);
        try
        {
            var file = new PartialFile(path, isShared: true, File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            file.ReadEarlier(bytesMax);
            return file;
        }
        catch (IOException exception) when (exception.HResult == ErrorAgain)
        {
            path = $"{path}.{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
            return new PartialFile(path, isShared: false, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None));
        }
    }

    // EAGAIN, by which the runtime says that another process has locked the file.
    private const int ErrorAgain = 11;

    public override string? MarkOf(Uri place)
    {
        try
        {
            return _isShared && File.ReadAllText(_path + ".from").Split('\n') is [var from, var mark, ..] && from == place.AbsoluteUri ? mark : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public override void Restart(Uri place, string? mark)
    {
        RandomAccess.SetLength(_handle, 0);
        _length = 0;
        _ = _hash.GetHashAndReset();
        if (!_isShared)
        {
            return;
        }

        File.Delete(_path + ".from");
        if (mark is not null)
        {
            File.WriteAllText(_path + ".from", $"{place.AbsoluteUri}\n{mark}\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        }
    }

    public override void Append(ReadOnlySpan<byte> content)
    {
        RandomAccess.Write(_handle, content, _length);
        _hash.AppendData(content);
        _length += content.Length;
    }

    /// <summary>What is here.</summary>
    public Digest Current => new(_hash.GetCurrentHash(), _length);

    /// <summary>The SHA-512 hash of what is here, in lower-case hexadecimal.</summary>
    public string Sha512()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        var buffer = new byte[BufferBytes];
        for (long position = 0; RandomAccess.Read(_handle, buffer, position) is > 0 and var count; position += count)
        {
            hash.AppendData(buffer, 0, count);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Begins anew: what is here is wrong.</summary>
    public void Restart()
    {
        RandomAccess.SetLength(_handle, 0);
        _length = 0;
        _ = _hash.GetHashAndReset();
    }

    /// <summary>Removes it: its content is in the store.</summary>
    public void Remove()
    {
        File.Delete(_path);
        File.Delete(_path + ".from");
    }

    public void Dispose()
    {
        _handle.Dispose();
        _hash.Dispose();
        if (!_isShared)
        {
            File.Delete(_path);
        }
    }

    private void ReadEarlier(long bytesMax)
    {
        if (RandomAccess.GetLength(_handle) > bytesMax)
        {
            RandomAccess.SetLength(_handle, 0);
        }

        var buffer = new byte[BufferBytes];
        while (RandomAccess.Read(_handle, buffer, _length) is > 0 and var count)
        {
            _hash.AppendData(buffer, 0, count);
            _length += count;
        }
    }
}
