namespace Cairn.Store.Content;

/// <summary>A store that cannot be used or does not hold what it should; the message says what to do.</summary>
public sealed class StoreException : IOException
{
    /// <summary>With a message.</summary>
    public StoreException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    public StoreException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
