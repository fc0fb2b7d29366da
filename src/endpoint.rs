//! The methods that end a builder. Every builder gets them from [`send_methods!`], so another way to
//! send a call is added here, once for all of them.

/// Gives a builder `send` and, where a response is returned, `send_with_meta`. The attributes are the
/// docs of `send`.
///
/// - `Builder => Output, OPERATION`: sends what `request()` returns, and decodes the response's
///   `data`. The builder has a `handle`.
/// - `Builder => Output, by method`: `method` returns `Result<ApiResponse<Output>, OrionError>`.
/// - `Builder => any T, by method`: the same, for any type `T` that the caller chooses.
/// - `Builder => only Output, by method`: `method` returns `Output`, for operations of several calls.
macro_rules! send_methods {
    ($(#[$doc:meta])* $builder:ty => $output:ty, $operation:ident) => {
        $crate::endpoint::send_methods! {
            @with_meta [$(#[$doc])*] [$builder] [] [self] [$output]
            [*$crate::call::call::<$output>(&self.handle, &$operation, self.request()).await?.data]
            [$crate::call::call::<$output>(&self.handle, &$operation, self.request())
                .await?
                .unboxed()]
        }
    };
    ($(#[$doc:meta])* $builder:ty => $output:ty, by $method:ident) => {
        $crate::endpoint::send_methods! {
            @with_meta [$(#[$doc])*] [$builder] [] [self] [$output]
            [self.$method().await?.data]
            [self.$method().await?]
        }
    };
    ($(#[$doc:meta])* $builder:ty => any $output:ident, by $method:ident) => {
        $crate::endpoint::send_methods! {
            @with_meta [$(#[$doc])*] [$builder]
            [<$output: serde::de::DeserializeOwned + Send>] [self] [$output]
            [self.$method().await?.data]
            [self.$method().await?]
        }
    };
    ($(#[$doc:meta])* $builder:ty => only $output:ty, by $method:ident) => {
        impl $builder {
            $crate::endpoint::send_methods! {
                @method [$(#[$doc])*] [] [self] send [$output] [self.$method().await]
            }
        }
    };

    // The two methods that return a response.
    (
        @with_meta [$($doc:tt)*] [$builder:ty] [$($generics:tt)*] [$self:ident] [$output:ty]
        [$data:expr] [$response:expr]
    ) => {
        impl $builder {
            $crate::endpoint::send_methods! {
                @method [$($doc)*] [$($generics)*] [$self] send
                [Result<$output, $crate::OrionError>] [Ok($data)]
            }
            $crate::endpoint::send_methods! {
                @method
                [
                    /// Like [`send`](Self::send), but also returns the response's status, headers and
                    /// rate limit.
                    ///
                    /// # Errors
                    ///
                    /// As [`send`](Self::send).
                ]
                [$($generics)*] [$self] send_with_meta
                [Result<$crate::ApiResponse<$output>, $crate::OrionError>] [Ok($response)]
            }
        }
    };

    // One method, in each of the forms that it has.
    (
        @method [$($doc:tt)*] [$($generics:tt)*] [$self:ident] $name:ident [$output:ty] [$result:expr]
    ) => {
        $($doc)*
        pub async fn $name $($generics)* ($self) -> $output {
            $result
        }
    };
}
pub(crate) use send_methods;
