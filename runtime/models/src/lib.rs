//! Model providers: one request in, a stream of what the model says out.
