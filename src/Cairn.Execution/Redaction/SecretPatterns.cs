using System.Collections.Immutable;
using System.Text;

using Cairn.Execution.Redaction;

namespace Cairn.Execution;

/// <summary>
/// Secrets compiled for masking: an Aho-Corasick automaton over every form that a secret takes in logs. Immutable; one serves any number of <see cref="Redactor"/>s.
/// </summary>
public sealed class SecretPatterns
{
    private const int Root = 0;

    // A trie whose nodes keep their children in a sibling list: most nodes have one child, and a table of 256 per node would be megabytes.
    private Node[] _nodes = new Node[64];
    private int _count = 1;
    private readonly int[] _fromRoot = new int[256];

    private SecretPatterns(List<byte[]> forms)
    {
        foreach (var form in forms)
        {
            Insert(form);
        }

        Link();
    }

    /// <summary>Nothing to mask.</summary>
    public static SecretPatterns None { get; } = new([]);

    /// <summary>True if there is nothing to mask.</summary>
    public bool IsEmpty => _count == 1;

    /// <summary>Compiles secrets; those that are <see cref="IsTooShort"/> are left out.</summary>
    public static SecretPatterns Compile(ImmutableArray<string> secrets)
    {
        var forms = new List<byte[]>();
        foreach (var secret in secrets)
        {
            SecretForms.Add(secret, forms);
        }

        return forms.Count == 0 ? None : new SecretPatterns(forms);
    }

    /// <summary>True if a value is too short to be masked (the engine warns); an empty one is no secret at all.</summary>
    public static bool IsTooShort(string secret) => secret.Length > 0 && Encoding.UTF8.GetByteCount(secret) < ExecutionLimits.SecretBytesMin;

    /// <summary>The state after one more byte.</summary>
    internal int Next(int state, byte b)
    {
        while (state != Root)
        {
            var child = Child(state, b);
            if (child != 0)
            {
                return child;
            }

            state = _nodes[state].Fail;
        }

        return _fromRoot[b];
    }

    /// <summary>How many of the last bytes begin a form that more bytes could complete.</summary>
    internal int OpenBytes(int state) => _nodes[state].Open;

    /// <summary>The length of the longest form that ends here, or 0.</summary>
    internal int MatchBytes(int state) => _nodes[state].Match;

    private int Child(int state, byte b)
    {
        var child = _nodes[state].FirstChild;
        while (child != 0 && _nodes[child].Byte != b)
        {
            child = _nodes[child].Sibling;
        }

        return child;
    }

    private void Insert(byte[] form)
    {
        var state = Root;
        foreach (var b in form)
        {
            var child = state == Root ? _fromRoot[b] : Child(state, b);
            if (child == 0)
            {
                child = _count++;
                if (child == _nodes.Length)
                {
                    Array.Resize(ref _nodes, child * 2);
                }

                ref var parent = ref _nodes[state];
                _nodes[child] = new Node { Byte = b, Depth = parent.Depth + 1, Sibling = parent.FirstChild };
                parent.FirstChild = child;
                if (state == Root)
                {
                    _fromRoot[b] = child;
                }
            }

            state = child;
        }

        _nodes[state].Match = form.Length;
    }

    private void Link()
    {
        var queue = new Queue<int>();
        queue.Enqueue(Root);
        while (queue.TryDequeue(out var state))
        {
            for (var child = _nodes[state].FirstChild; child != 0; child = _nodes[child].Sibling)
            {
                ref var node = ref _nodes[child];
                node.Fail = state == Root ? Root : Next(_nodes[state].Fail, node.Byte);
                node.Match = Math.Max(node.Match, _nodes[node.Fail].Match);
                node.Open = node.FirstChild != 0 ? node.Depth : _nodes[node.Fail].Open;
                queue.Enqueue(child);
            }
        }
    }

    private struct Node
    {
        public byte Byte;
        public int Depth;
        public int FirstChild;
        public int Sibling;
        public int Fail;
        public int Match;
        public int Open;
    }
}
