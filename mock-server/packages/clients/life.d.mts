export function eventsOf(pieces: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>): Promise<any[]>;
