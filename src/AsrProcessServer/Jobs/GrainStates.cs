using System.Threading.Tasks;
using Orleans.Runtime;

namespace Asr.ProcessServer.Jobs;

/// <summary>How grains keep their documents.</summary>
internal static class GrainStates
{
    /// <summary>
    /// Puts a document in the place of the one there is, in the vault and in memory. When the vault does not take it memory keeps what was there: it must not run ahead of the vault, and the caller
    /// repeats the call.
    /// </summary>
    public static async Task ReplaceAsync<T>(this IPersistentState<T> state, T document)
    {
        T before = state.State;
        state.State = document;
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            state.State = before;
            throw;
        }
    }
}
