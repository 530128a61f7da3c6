using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Cairn.Execution.Sandbox;

/// <summary>
/// The filter of system calls of every sandboxed process, a classic BPF program as <c>seccomp(2)</c> takes it. It refuses what no build needs and what has led out of
/// sandboxes before: new user namespaces, mounts, keys of the kernel, BPF, tracing across processes of others, faking terminal input. What is refused answers EPERM; system
/// calls that C libraries try first and can do without (<c>clone3</c>, whose arguments a filter cannot see) answer ENOSYS, as do all of foreign architectures.
/// </summary>
internal static class SeccompFilter
{
    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAnySet = 0x45;
    private const ushort JumpIfAtLeast = 0x35;
    private const ushort Return = 0x06;

    private const uint Allow = 0x7FFF0000;
    private const uint Errno = 0x00050000;
    private const uint NotPermitted = Errno | 1;
    private const uint NotImplemented = Errno | 38;

    private const uint NumberOffset = 0;
    private const uint ArchitectureOffset = 4;
    private const uint FirstArgumentOffset = 16;
    private const uint SecondArgumentOffset = 24;

    private const uint NewUserNamespace = 0x10000000;
    private const uint X32Bit = 0x40000000;
    private const uint FakeInput = 0x5412; // TIOCSTI
    private const uint PasteSelection = 0x541C; // TIOCLINUX

    /// <summary>The program for this machine: instructions of eight bytes.</summary>
    public static byte[] Program() => Program(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? SystemCalls.Arm64 : SystemCalls.X64);

    internal static byte[] Program(SystemCalls calls)
    {
        var code = new List<(ushort Code, byte True, byte False, uint Operand)>
        {
            (LoadWord, 0, 0, ArchitectureOffset),
            (JumpIfEqual, 1, 0, calls.Architecture),
            (Return, 0, 0, NotImplemented),
            (LoadWord, 0, 0, NumberOffset),
            (JumpIfAtLeast, 0, 1, X32Bit),
            (Return, 0, 0, NotImplemented),
            (JumpIfEqual, 0, 1, calls.Clone3),
            (Return, 0, 0, NotImplemented),
        };
        foreach (var number in calls.Refused)
        {
            code.Add((JumpIfEqual, 0, 1, number));
            code.Add((Return, 0, 0, NotPermitted));
        }

        // Those that depend on an argument come last: each reloads nothing that a later one needs.
        foreach (var number in (ReadOnlySpan<uint>)[calls.CloneCall, calls.Unshare])
        {
            code.Add((JumpIfEqual, 0, 4, number));
            code.Add((LoadWord, 0, 0, FirstArgumentOffset));
            code.Add((JumpIfAnySet, 0, 1, NewUserNamespace));
            code.Add((Return, 0, 0, NotPermitted));
            code.Add((Return, 0, 0, Allow));
        }

        code.Add((JumpIfEqual, 0, 4, calls.Ioctl));
        code.Add((LoadWord, 0, 0, SecondArgumentOffset));
        code.Add((JumpIfEqual, 1, 0, FakeInput));
        code.Add((JumpIfEqual, 0, 1, PasteSelection));
        code.Add((Return, 0, 0, NotPermitted));
        code.Add((Return, 0, 0, Allow));

        var program = new byte[code.Count * 8];
        for (var i = 0; i < code.Count; i++)
        {
            var instruction = program.AsSpan(i * 8, 8);
            BinaryPrimitives.WriteUInt16LittleEndian(instruction, code[i].Code);
            instruction[2] = code[i].True;
            instruction[3] = code[i].False;
            BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], code[i].Operand);
        }

        return program;
    }

    /// <summary>Numbers of system calls, which each architecture has of its own.</summary>
    internal sealed record SystemCalls(uint Architecture, uint CloneCall, uint Clone3, uint Unshare, uint Ioctl, uint[] Refused)
    {
        // In both lists: setns mount umount2 pivot_root move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr, add_key request_key keyctl, bpf perf_event_open
        // userfaultfd, kexec_load kexec_file_load reboot init_module finit_module delete_module, swapon swapoff, acct quotactl nfsservctl, open_by_handle_at,
        // syslog settimeofday clock_settime clock_adjtime adjtimex, fanotify_init, io_uring_setup io_uring_enter io_uring_register, lookup_dcookie, vhangup, chroot.
        public static SystemCalls X64 { get; } = new(
            0xC000003E, 56, 435, 272, 16,
            [
                308, 165, 166, 155, 429, 428, 430, 431, 432, 433, 442, 248, 249, 250, 321, 298, 323, 246, 320, 169, 175, 313, 176, 167, 168, 163, 179, 180, 304, 103, 164, 227,
                305, 159, 300, 425, 426, 427, 212, 153, 161,
            ]);

        public static SystemCalls Arm64 { get; } = new(
            0xC00000B7, 220, 435, 97, 29,
            [
                268, 40, 39, 41, 429, 428, 430, 431, 432, 433, 442, 217, 218, 219, 280, 241, 282, 104, 294, 142, 105, 273, 106, 224, 225, 89, 60, 42, 265, 116, 170, 112, 266,
                171, 262, 425, 426, 427, 18, 58, 51,
            ]);
    }
}
