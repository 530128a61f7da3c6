using System.Runtime.InteropServices;

using Cairn.Execution.Native;

namespace Cairn.Execution;

/// <summary>The C library that steps of this machine link with.</summary>
public static class HostLibrary
{
    /// <summary>Its version, as <c>2.36</c>.</summary>
    public static string Version => Marshal.PtrToStringUTF8(Libc.gnu_get_libc_version()) ?? "";
}
