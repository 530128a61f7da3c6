using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

using Cairn.Execution.Native;
using Cairn.Store.Layers;

namespace Cairn.Execution.Sandbox;

/// <summary>The places that a worker has mounted: below a file system in memory of its own, each <c>N/view</c>.</summary>
internal sealed unsafe class WorkerMounts : IDisposable
{
    // Folders that every system has and no step's root is taken from; what the first of them holds is hidden from the worker alone.
    private static readonly string[] MountPoints = ["/mnt", "/media", "/srv", "/run"];

    // The kernel takes a page of options.
    private const int OptionsBytesMax = 4095;

    // Files without content take memory, too, that no size bounds.
    private const long InodesMin = 4_096;
    private const long InodeBytes = 1_024;

    private const UnixFileMode UpperMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly string _options;
    private readonly uint _owner;

    private WorkerMounts(WorkerGreeting greeting, int rootDescriptor, uint owner)
    {
        _owner = owner;
        Greeting = greeting;
        RootDescriptor = rootDescriptor;
        // No whole-disk sync at each unmount; folders can be renamed where root mounts, as anywhere else.
        _options = greeting.IsUserNamespace ? "userxattr,volatile" : "redirect_dir=on,index=off,xino=off,volatile";
    }

    /// <summary>What was found.</summary>
    public WorkerGreeting Greeting { get; }

    /// <summary>The file system in memory.</summary>
    public int RootDescriptor { get; }

    /// <summary>Makes the file system in memory and tries a mount. Throws <see cref="IOException"/> with what the machine refuses.</summary>
    /// <param name="folder">The folder to which layers are relative; it becomes the working folder.</param>
    /// <param name="scratch">A folder in it to try in.</param>
    /// <param name="inUserNamespace">Whether an ordinary user's rights have to do.</param>
    /// <param name="owner">The user that owns what steps write.</param>
    public static WorkerMounts Prepare(string folder, string scratch, bool inUserNamespace, uint owner)
    {
        Environment.CurrentDirectory = folder;
        if (Libc.mount(null, "/", null, Libc.MS_REC | Libc.MS_SLAVE, null) != 0)
        {
            throw Failure("mount --make-rslave /");
        }

        var root = Array.Find(MountPoints, m => Directory.Exists(m) && !folder.StartsWith(m + "/", StringComparison.Ordinal))
            ?? throw new IOException($"None of {string.Join(", ", MountPoints)} is a folder to mount on");
        Mount("tmpfs", root, $"mode=755,uid={owner},gid={owner}");
        var descriptor = Libc.open(root, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (descriptor < 0)
        {
            throw Failure(root);
        }

        if (Environment.ProcessId == 1)
        {
            // A pid namespace of its own wants its own /proc.
            _ = Libc.mount("proc", "/proc", "proc", Libc.MS_NOSUID | Libc.MS_NODEV, null);
        }

        var greeting = new WorkerGreeting(root, UpperProblem(folder, scratch, root, inUserNamespace), MemoryProblem(descriptor, inUserNamespace), inUserNamespace);
        return new WorkerMounts(greeting, descriptor, owner);
    }

    /// <summary>Mounts a place and returns its root's descriptor, which the caller closes.</summary>
    public int Enter(PlaceRequest place)
    {
        var home = Home(place.Place);
        Directory.CreateDirectory(home + "/view");
        var (upper, work) = (place.Upper, place.Work);
        if (upper is null)
        {
            Directory.CreateDirectory(home + "/memory");
            Mount("tmpfs", home + "/memory", place.SizedBytes > 0 ? $"mode=700,size={place.SizedBytes},nr_inodes={long.Max(InodesMin, place.SizedBytes / InodeBytes)}" : "mode=700");
            (upper, work) = (home + "/memory/upper", home + "/memory/work");
            MakeUpper(upper);
            Directory.CreateDirectory(work);
        }

        Overlay(home + "/view", $"lowerdir={string.Join(':', place.Layers)},upperdir={upper},workdir={work},{_options}");
        for (var i = 0; i < place.Binds.Length; i++)
        {
            var target = Bind(home, i);
            Directory.CreateDirectory(target);
            if (Libc.mount(place.Binds[i], target, null, Libc.MS_BIND, null) != 0)
            {
                throw Failure($"mount --bind {place.Binds[i]}");
            }
        }

        var root = Libc.open(home + "/view", Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        return root >= 0 ? root : throw Failure(home);
    }

    /// <summary>Unmounts a place; what still uses it keeps it until then. What cannot be unmounted goes with the worker.</summary>
    public void Leave(int place)
    {
        var home = Home(place);
        try
        {
            Unmount(home + "/view");
            Unmount(home + "/memory");
            for (var i = 0; Unmount(Bind(home, i)); i++)
            {
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The run has removed the place's folder already.
        }
    }

    /// <summary>Where a bound folder of a place is mounted, beside its root.</summary>
    /// <param name="home">The folder of the place.</param>
    /// <param name="index">Which one.</param>
    public static string Bind(string home, int index) => $"{home}/bind-{index.ToString(CultureInfo.InvariantCulture)}";

    public void Dispose() => _ = Libc.close(RootDescriptor);

    private static bool Unmount(string path)
    {
        if (!Directory.Exists(path))
        {
            return false;
        }

        _ = Libc.umount2(path, Libc.MNT_DETACH);
        Directory.Delete(path);
        return true;
    }

    private string Home(int place) => $"{Greeting.MountRoot}/{place.ToString(CultureInfo.InvariantCulture)}";

    // Its owner, mode and time are those of the root that the step sees: the same as on a disk.
    private void MakeUpper(string path)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, UpperMode);
        var descriptor = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (descriptor < 0 || (_owner != 0 && Libc.fchown(descriptor, _owner, _owner) != 0))
        {
            var failure = Failure(path);
            _ = Libc.close(descriptor);
            throw failure;
        }

        _ = Libc.close(descriptor);
        Directory.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddSeconds(LayerWriter.TimeSeconds));
    }

    // An overlay notes in attributes which folders hide what lies below them. Before Linux 6.6 memory has none of a user's.
    private static string? MemoryProblem(int descriptor, bool inUserNamespace)
    {
        var name = inUserNamespace ? "user.overlay.probe" : "trusted.overlay.probe";
        byte value = 1;
        return Libc.fsetxattr(descriptor, name, &value, 1, 0) == 0 ? null : $"files in memory cannot have the attributes that an overlay needs ({Libc.Message(Marshal.GetLastPInvokeError())})";
    }

    private static string? UpperProblem(string folder, string scratch, string root, bool inUserNamespace)
    {
        var test = $"{scratch}/probe-{Environment.ProcessId}-{Environment.TickCount64}";
        try
        {
            Directory.CreateDirectory($"{test}/lower");
            Directory.CreateDirectory($"{test}/upper");
            Directory.CreateDirectory($"{test}/work");
            Directory.CreateDirectory($"{root}/probe");
            Overlay($"{root}/probe", $"lowerdir={test}/lower,upperdir={test}/upper,workdir={test}/work,{(inUserNamespace ? "userxattr" : "index=off")}");
            _ = Libc.umount2($"{root}/probe", Libc.MNT_DETACH);
            return null;
        }
        catch (IOException exception)
        {
            return $"the file system of `{folder}` cannot take what a step writes ({exception.Message})";
        }
        finally
        {
            Directory.Delete(test, recursive: true);
        }
    }

    private static void Overlay(string target, string options)
    {
        if (Encoding.UTF8.GetByteCount(options) > OptionsBytesMax)
        {
            throw new IOException($"An overlay of {options.AsSpan().Count(':') + 1} layers does not fit into the kernel's {OptionsBytesMax} bytes of options");
        }

        Mount("overlay", target, options);
    }

    private static void Mount(string type, string target, string options)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(options) + 1];
        _ = Encoding.UTF8.GetBytes(options, bytes);
        fixed (byte* data = bytes)
        {
            if (Libc.mount(type, target, type, Libc.MS_NOSUID | Libc.MS_NODEV, data) != 0)
            {
                throw Failure($"mount -t {type}");
            }
        }
    }

    private static IOException Failure(string what) => new($"{what}: {Libc.Message(Marshal.GetLastPInvokeError())}");
}
