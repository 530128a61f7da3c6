using System.Buffers.Binary;
using System.Runtime.InteropServices;

using Cairn.Execution.Native;

namespace Cairn.Execution.Sandbox;

/// <summary>
/// Messages with descriptors over a Unix socket: four bytes of length, little-endian, then the bytes; descriptors travel with the first of them. Both ends are this
/// program, one request and one answer at a time.
/// </summary>
internal sealed unsafe class DescriptorChannel(int socket) : IDisposable
{
    /// <summary>Descriptors of one message.</summary>
    public const int DescriptorsMax = 8;

    private const int MessageBytesMax = 16 << 20;
    private const int HeaderBytes = 4;
    private const int ControlHeaderBytes = 16;
    private const int ControlBytes = ControlHeaderBytes + (DescriptorsMax * sizeof(int));

    private readonly int _socket = socket;

    /// <summary>Two ends, both close-on-exec. Throws <see cref="IOException"/>.</summary>
    public static (int Ours, int Theirs) Pair()
    {
        var ends = stackalloc int[2];
        return Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.O_CLOEXEC, 0, ends) == 0
            ? (ends[0], ends[1])
            : throw new IOException($"socketpair: {Libc.Message(Marshal.GetLastPInvokeError())}");
    }

    /// <summary>Sends. Throws <see cref="IOException"/> where the other end is gone.</summary>
    public void Send(ReadOnlySpan<byte> message, ReadOnlySpan<int> descriptors)
    {
        if (message.Length > MessageBytesMax)
        {
            throw new IOException($"A request of {message.Length:N0} bytes is too large");
        }

        var header = stackalloc byte[HeaderBytes];
        BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(header, HeaderBytes), message.Length);
        var control = stackalloc byte[ControlBytes];
        var used = Control(control, descriptors);
        fixed (byte* bytes = message)
        {
            var parts = stackalloc IoVector[2];
            parts[0] = new IoVector { Base = header, Length = HeaderBytes };
            parts[1] = new IoVector { Base = bytes, Length = (nuint)message.Length };
            var envelope = new MessageHeader { Parts = parts, PartCount = 2, Control = used == 0 ? null : control, ControlLength = (nuint)used };
            nint sent;
            do
            {
                sent = Libc.sendmsg(_socket, &envelope, Libc.MSG_NOSIGNAL);
            }
            while (IsInterrupted(sent));
            for (var at = sent - HeaderBytes; at < message.Length; at += nint.Max(sent, 0))
            {
                sent = Libc.send(_socket, bytes + at, message.Length - at, Libc.MSG_NOSIGNAL);
                _ = IsInterrupted(sent);
            }
        }
    }

    /// <summary>Receives; the descriptors are the caller's. Null where the other end is gone.</summary>
    public byte[]? TryReceive(List<int> descriptors)
    {
        var header = stackalloc byte[HeaderBytes];
        var control = stackalloc byte[ControlBytes];
        var part = new IoVector { Base = header, Length = HeaderBytes };
        var envelope = new MessageHeader { Parts = &part, PartCount = 1, Control = control, ControlLength = ControlBytes };
        nint count;
        do
        {
            count = Libc.recvmsg(_socket, &envelope, Libc.MSG_CMSG_CLOEXEC | Libc.MSG_WAITALL);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR);
        if (count != HeaderBytes)
        {
            return null;
        }

        Take(control, envelope.ControlLength, descriptors);
        var length = BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(header, HeaderBytes));
        if (length is < 0 or > MessageBytesMax)
        {
            return null;
        }

        var message = new byte[length];
        fixed (byte* start = message)
        {
            for (nint at = 0; at < length; at += count)
            {
                count = Libc.recv(_socket, start + at, length - at, 0);
                if (count < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR)
                {
                    count = 0;
                }
                else if (count <= 0)
                {
                    return null;
                }
            }
        }

        return message;
    }

    public void Dispose() => _ = Libc.close(_socket);

    private static bool IsInterrupted(nint result)
    {
        if (result >= 0)
        {
            return false;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == Libc.EINTR ? true : throw new IOException($"The sandbox's worker is gone: {Libc.Message(error)}");
    }

    // struct cmsghdr: a length of eight bytes, the level, the kind, then the descriptors.
    private static int Control(byte* control, ReadOnlySpan<int> descriptors)
    {
        if (descriptors.IsEmpty)
        {
            return 0;
        }

        var length = ControlHeaderBytes + (descriptors.Length * sizeof(int));
        *(nuint*)control = (nuint)length;
        *(int*)(control + 8) = Libc.SOL_SOCKET;
        *(int*)(control + 12) = Libc.SCM_RIGHTS;
        descriptors.CopyTo(new Span<int>(control + ControlHeaderBytes, DescriptorsMax));
        return (length + 7) & ~7;
    }

    private static void Take(byte* control, nuint length, List<int> descriptors)
    {
        if (length < ControlHeaderBytes || *(int*)(control + 8) != Libc.SOL_SOCKET || *(int*)(control + 12) != Libc.SCM_RIGHTS)
        {
            return;
        }

        var count = ((int)*(nuint*)control - ControlHeaderBytes) / sizeof(int);
        for (var i = 0; i < count; i++)
        {
            descriptors.Add(((int*)(control + ControlHeaderBytes))[i]);
        }
    }
}
