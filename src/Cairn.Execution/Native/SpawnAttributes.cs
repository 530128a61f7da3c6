using System.Runtime.InteropServices;

namespace Cairn.Execution.Native;

/// <summary>The attributes of every spawn: a session of its own, every signal at its default and none blocked.</summary>
internal sealed unsafe class SpawnAttributes
{
    // glibc: 336 and 80 bytes on x86-64 and arm64 alike, with room.
    private const int AttributesBytes = 512;
    private const int ActionsBytes = 256;
    private const int SignalSetBytes = 128;

    private readonly byte* _attributes = (byte*)NativeMemory.AllocZeroed(AttributesBytes);
    private readonly byte* _actions = (byte*)NativeMemory.AllocZeroed(ActionsBytes);

    /// <param name="resetIds">Whether a child gives up an effective user that differs from the real one.</param>
    /// <param name="ownSession">Whether a child begins a session; otherwise it does so itself.</param>
    public SpawnAttributes(bool resetIds = false, bool ownSession = true)
    {
        var set = stackalloc byte[SignalSetBytes];
        _ = Libc.posix_spawnattr_init(_attributes);
        new Span<byte>(set, SignalSetBytes).Clear();
        _ = Libc.posix_spawnattr_setsigmask(_attributes, set);
        _ = Libc.sigfillset(set);
        _ = Libc.posix_spawnattr_setsigdefault(_attributes, set);
        _ = Libc.posix_spawnattr_setflags(
            _attributes, (short)((ownSession ? Libc.POSIX_SPAWN_SETSID : 0) | Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK | (resetIds ? Libc.POSIX_SPAWN_RESETIDS : 0)));
    }

    /// <summary>Sets the folder (null for the same) and the three descriptors of the spawns that follow.</summary>
    public int Begin(byte* folder, int stdin, int stdout, int stderr)
    {
        var error = Libc.posix_spawn_file_actions_init(_actions);
        error = error != 0 ? error : Libc.posix_spawn_file_actions_adddup2(_actions, stdin, 0);
        error = error != 0 ? error : Libc.posix_spawn_file_actions_adddup2(_actions, stdout, 1);
        error = error != 0 ? error : Libc.posix_spawn_file_actions_adddup2(_actions, stderr, 2);
        return error != 0 || folder is null ? error : Libc.posix_spawn_file_actions_addchdir_np(_actions, folder);
    }

    /// <summary>Gives the spawn one more descriptor, under the number <paramref name="number"/>.</summary>
    public int Also(int descriptor, int number) => Libc.posix_spawn_file_actions_adddup2(_actions, descriptor, number);

    /// <summary>Spawns.</summary>
    public int Spawn(byte* path, byte** arguments, byte** environment, out int pid)
    {
        int child;
        var error = Libc.posix_spawn(&child, path, _actions, _attributes, arguments, environment);
        pid = error == 0 ? child : 0;
        return error;
    }

    /// <summary>Ends what <see cref="Begin"/> began.</summary>
    public void End() => _ = Libc.posix_spawn_file_actions_destroy(_actions);

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        NativeMemory.Free(_attributes);
        NativeMemory.Free(_actions);
    }
}
