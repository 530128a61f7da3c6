using System.Runtime.InteropServices;
using System.Text;

namespace Cairn.Execution.Native;

/// <summary>Native memory for the strings of one spawn after another, so that spawning leaves nothing to the garbage collector.</summary>
internal sealed unsafe class SpawnMemory
{
    private const int PathBytes = 4096;

    private readonly byte* _path = (byte*)NativeMemory.Alloc(PathBytes);
    private byte* _block;
    private nuint _size;
    private byte* _next;

    /// <summary>The arguments, ended by null.</summary>
    public byte** Arguments { get; private set; }

    /// <summary>The environment as <c>name=value</c>, ended by null.</summary>
    public byte** Environment { get; private set; }

    /// <summary>The folder.</summary>
    public byte* Folder { get; private set; }

    /// <summary>A path for one call, or null if it is longer than any path can be.</summary>
    public byte* Path(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) >= PathBytes)
        {
            return null;
        }

        _path[Encoding.UTF8.GetBytes(path, new Span<byte>(_path, PathBytes))] = 0;
        return _path;
    }

    /// <summary>Lays out a spec with two variables of the host's own behind its environment.</summary>
    public void Fill(ProcessSpec spec, string extra1, string extra2)
    {
        var count = spec.Arguments.Length + spec.Environment.Length + 4;
        long bytes = ((long)count * sizeof(byte*)) + Encoding.UTF8.GetByteCount(spec.WorkingDirectory) + extra1.Length + extra2.Length + 3;
        foreach (var argument in spec.Arguments)
        {
            bytes += Encoding.UTF8.GetByteCount(argument) + 1;
        }

        foreach (var (name, value) in spec.Environment)
        {
            bytes += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value) + 2;
        }

        Reserve((nuint)bytes);
        Arguments = (byte**)_block;
        Environment = Arguments + spec.Arguments.Length + 1;
        _next = _block + (count * sizeof(byte*));
        var i = 0;
        foreach (var argument in spec.Arguments)
        {
            Arguments[i++] = _next;
            Put(argument);
            *_next++ = 0;
        }

        Arguments[i] = null;
        i = 0;
        foreach (var (name, value) in spec.Environment)
        {
            Environment[i++] = _next;
            Put(name);
            *_next++ = (byte)'=';
            Put(value);
            *_next++ = 0;
        }

        foreach (var extra in (ReadOnlySpan<string>)[extra1, extra2])
        {
            Environment[i++] = _next;
            Put(extra);
            *_next++ = 0;
        }

        Environment[i] = null;
        Folder = _next;
        Put(spec.WorkingDirectory);
        *_next++ = 0;
    }

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        NativeMemory.Free(_path);
        NativeMemory.Free(_block);
    }

    private void Reserve(nuint bytes)
    {
        if (bytes > _size)
        {
            NativeMemory.Free(_block);
            _size = nuint.Max(bytes, 16 << 10);
            _block = (byte*)NativeMemory.Alloc(_size);
        }
    }

    private void Put(string text) => _next += Encoding.UTF8.GetBytes(text, new Span<byte>(_next, (int)(_block + _size - _next)));
}
