#pragma warning disable CA1822
using Cairn.Core.Actions;
using Cairn.Core.Content;
namespace Cairn.Store.Actions;
/// <summary>Stub.</summary>
public sealed class ActionLog : IDisposable
{
    /// <summary>x</summary>
    public static ActionLog Open(string path) => new();
    /// <summary>x</summary>
    public void Append(EncodedAction action, MerkleTree inputs) { }
    /// <summary>x</summary>
    public void Flush() { }
    /// <inheritdoc/>
    public void Dispose() { }
}
