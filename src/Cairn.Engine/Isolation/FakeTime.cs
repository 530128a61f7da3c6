using System.Runtime.InteropServices;

namespace Cairn.Engine.Isolation;

/// <summary>The library that shows programs another time, where the machine's <c>/usr</c> has it. Programs that are linked statically or ask the kernel themselves see the real one.</summary>
internal static class FakeTime
{
    /// <summary>The package that brings it.</summary>
    public const string Package = "libfaketime";

    /// <summary>The variable that has the dynamic linker load it.</summary>
    public const string PreloadVariable = "LD_PRELOAD";

    // The one for programs with threads works for all.
    private const string FileName = "faketime/libfaketimeMT.so.1";

    /// <summary>Its path, in a sandbox as on the machine; null where it is not installed.</summary>
    public static string? Find()
    {
        var triplet = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
        foreach (var folder in (ReadOnlySpan<string>)[$"/usr/lib/{triplet}", "/usr/lib64", "/usr/lib"])
        {
            var path = $"{folder}/{FileName}";
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>A clock that stands still.</summary>
    public static void Freeze(Dictionary<string, string> environment, string library, string unixSeconds)
    {
        Load(environment, library);
        environment["FAKETIME"] = unixSeconds;
        environment["FAKETIME_FMT"] = "%s";
    }

    /// <summary>A clock that is ahead.</summary>
    public static void Shift(Dictionary<string, string> environment, string library, long seconds)
    {
        Load(environment, library);
        environment["FAKETIME"] = $"+{seconds}";
    }

    /// <summary>Has the library loaded before what else is.</summary>
    public static void Preload(Dictionary<string, string> environment, string library)
    {
        var others = environment.GetValueOrDefault(PreloadVariable, "");
        foreach (var range in others.AsSpan().SplitAny(' ', ':'))
        {
            if (others.AsSpan(range).SequenceEqual(library))
            {
                return;
            }
        }

        environment[PreloadVariable] = others.Length > 0 ? $"{library}:{others}" : library;
    }

    private static void Load(Dictionary<string, string> environment, string library)
    {
        Preload(environment, library);
        // What waits for a while must not wait for ever.
        environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
    }
}
