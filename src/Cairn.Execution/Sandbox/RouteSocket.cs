using System.Runtime.InteropServices;

using Cairn.Execution.Native;

namespace Cairn.Execution.Sandbox;

/// <summary>The kernel's routes and devices of the network namespace in which it was opened (rtnetlink).</summary>
internal sealed unsafe class RouteSocket : IDisposable
{
    /// <summary>The loopback device of every namespace.</summary>
    public const int Loopback = 1;

    private const int NETLINK_ROUTE = 0;
    private const ushort RTM_NEWLINK = 16;
    private const ushort RTM_NEWROUTE = 24;
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLM_F_REQUEST = 1;
    private const ushort NLM_F_ACK = 4;
    private const ushort NLM_F_EXCL = 0x200;
    private const ushort NLM_F_CREATE = 0x400;
    private const uint IFF_UP = 1;
    private const byte RT_TABLE_MAIN = 254;
    private const byte RTPROT_STATIC = 4;
    private const byte RTN_UNREACHABLE = 7;
    private const ushort RTA_DST = 1;
    private const int AnswerBytesMax = 1024;
    private const int IPv6Bytes = 16;

    private readonly int _socket;

    private RouteSocket(int socket) => _socket = socket;

    private struct MessageStart
    {
        public uint Length;
        public ushort Type;
        public ushort Flags;
        public uint Sequence;
        public uint Port;
    }

    private struct LinkRequest
    {
        public MessageStart Start;
        public byte Family;
        public byte Padding;
        public ushort Kind;
        public int Index;
        public uint Flags;
        public uint Change;
    }

    private struct RouteRequest
    {
        public MessageStart Start;
        public byte Family;
        public byte DestinationBits;
        public byte SourceBits;
        public byte Service;
        public byte Table;
        public byte Protocol;
        public byte Scope;
        public byte Kind;
        public uint Flags;
        public ushort AttributeBytes;
        public ushort Attribute;
        public fixed byte Address[IPv6Bytes];
    }

    /// <summary>Opens it in the calling thread's namespace. Throws <see cref="IOException"/>.</summary>
    public static RouteSocket Open()
    {
        var socket = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.O_CLOEXEC, NETLINK_ROUTE);
        return socket >= 0 ? new RouteSocket(socket) : throw new IOException($"netlink: {Libc.Message(Marshal.GetLastPInvokeError())}");
    }

    /// <summary>Brings a device up. Throws <see cref="IOException"/>.</summary>
    public void Up(int device)
    {
        var request = new LinkRequest { Start = Start(RTM_NEWLINK, 0, sizeof(LinkRequest)), Index = device, Flags = IFF_UP, Change = IFF_UP };
        if (Send(&request, sizeof(LinkRequest)) is > 0 and var error)
        {
            throw new IOException($"The network device {device} cannot be brought up: {Libc.Message(error)}");
        }
    }

    /// <summary>Makes a range of addresses unreachable. Throws <see cref="IOException"/>.</summary>
    /// <param name="address">Its first address: four bytes, or sixteen.</param>
    /// <param name="bits">How many bits of it all addresses of the range have in common.</param>
    public void Refuse(ReadOnlySpan<byte> address, int bits)
    {
        var length = sizeof(RouteRequest) - IPv6Bytes + address.Length;
        var request = new RouteRequest
        {
            Start = Start(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, length),
            Family = (byte)(address.Length == IPv6Bytes ? Libc.AF_INET6 : Libc.AF_INET),
            DestinationBits = (byte)bits,
            Table = RT_TABLE_MAIN,
            Protocol = RTPROT_STATIC,
            Kind = RTN_UNREACHABLE,
            AttributeBytes = (ushort)(sizeof(ushort) + sizeof(ushort) + address.Length),
            Attribute = RTA_DST,
        };
        address.CopyTo(new Span<byte>(request.Address, IPv6Bytes));
        if (Send(&request, length) is > 0 and not Libc.EEXIST and var error)
        {
            throw new IOException($"The route to {new System.Net.IPAddress(address)}/{bits} cannot be closed: {Libc.Message(error)}");
        }
    }

    public void Dispose() => _ = Libc.close(_socket);

    private static MessageStart Start(ushort type, int flags, int length) => new() { Length = (uint)length, Type = type, Flags = (ushort)(NLM_F_REQUEST | NLM_F_ACK | flags) };

    private int Send(void* request, int length)
    {
        if (Libc.send(_socket, request, length, 0) < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        var buffer = stackalloc byte[AnswerBytesMax];
        var received = Libc.recv(_socket, buffer, AnswerBytesMax, 0);
        if (received < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        // A message's start, then the error, negative.
        return received < sizeof(MessageStart) + sizeof(int) || ((MessageStart*)buffer)->Type != NLMSG_ERROR ? Libc.EPROTO : -*(int*)(buffer + sizeof(MessageStart));
    }
}
