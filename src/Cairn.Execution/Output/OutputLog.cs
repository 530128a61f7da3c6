using System.Buffers;
using System.Runtime.InteropServices;

using Cairn.Execution.Native;

namespace Cairn.Execution.Output;

/// <summary>A process's log file and its index. Both appear with the first byte; a write that fails ends the log, never the process.</summary>
internal sealed class OutputLog(string logPath, string? indexPath, TimeProvider time)
{
    private const int IndexBufferBytes = 4 << 10;
    private const int FileMode = 0x1A4; // 0644

    private ArrayBufferWriter<byte>? _indexBuffer;
    private LogIndexWriter? _index;
    private int _logFd = -1;
    private int _indexFd = -1;
    private long _startedAt;

    /// <summary>Bytes written to the log.</summary>
    public long Bytes { get; private set; }

    /// <summary>Why the log is not whole, or null.</summary>
    public string? Error { get; private set; }

    /// <summary>True while index records wait in memory.</summary>
    public bool HasPendingIndex => _index is not null && (_index.HasPending || _indexBuffer!.WrittenCount > 0);

    /// <summary>The I/O thread's mark that it will flush this log's index.</summary>
    public bool IsFlushDue { get; set; }

    /// <summary>Adds redacted bytes.</summary>
    public void Append(OutputStream stream, ReadOnlySpan<byte> bytes)
    {
        if (Error is not null)
        {
            return;
        }

        if (_logFd < 0 && !Open())
        {
            return;
        }

        var error = Libc.WriteAll(_logFd, bytes);
        if (error != 0)
        {
            Fail("write", logPath, error);
            return;
        }

        Bytes += bytes.Length;
        if (_index is not null)
        {
            _index.Append(stream, bytes.Length, (long)time.GetElapsedTime(_startedAt).TotalMicroseconds);
            if (_indexBuffer!.WrittenCount >= IndexBufferBytes)
            {
                WriteIndex();
            }
        }
    }

    /// <summary>Writes index records that wait, so that readers of a live log see them.</summary>
    public void FlushIndex()
    {
        _index?.Flush();
        WriteIndex();
    }

    /// <summary>Writes what is left and closes the files.</summary>
    public void Close()
    {
        FlushIndex();
        CloseFiles();
    }

    private bool Open()
    {
        _logFd = OpenFile(logPath);
        if (_logFd < 0)
        {
            return false;
        }

        if (indexPath is not null)
        {
            _indexFd = OpenFile(indexPath);
            if (_indexFd < 0)
            {
                return false;
            }

            _indexBuffer = new ArrayBufferWriter<byte>(256);
            _index = new LogIndexWriter(_indexBuffer);
            _startedAt = time.GetTimestamp();
            _index.Start(time.GetUtcNow(), withMagic: Libc.lseek(_indexFd, 0, Libc.SEEK_END) == 0);
        }

        return true;
    }

    private int OpenFile(string path)
    {
        var fd = Libc.open(path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_APPEND | Libc.O_CLOEXEC | Libc.NoFollow, FileMode);
        if (fd < 0)
        {
            Fail("open", path, Marshal.GetLastPInvokeError());
        }

        return fd;
    }

    private void WriteIndex()
    {
        if (_indexFd >= 0 && _indexBuffer!.WrittenCount > 0)
        {
            var error = Libc.WriteAll(_indexFd, _indexBuffer.WrittenSpan);
            _indexBuffer.ResetWrittenCount();
            if (error != 0)
            {
                Fail("write", indexPath!, error);
            }
        }
    }

    private void Fail(string verb, string path, int error)
    {
        Error ??= $"Could not {verb} `{path}`: {Libc.Message(error)}";
        CloseFiles();
    }

    private void CloseFiles()
    {
        _index = null;
        Close(ref _logFd);
        Close(ref _indexFd);
    }

    private static void Close(ref int fd)
    {
        if (fd >= 0)
        {
            _ = Libc.close(fd);
            fd = -1;
        }
    }
}
