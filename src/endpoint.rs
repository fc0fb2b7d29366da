//! The methods that end a builder. Every builder gets them from [`send_methods!`], so another way to
//! send a call is added here, once for all of them.

/// Gives a builder `send` and, where a response is returned, `send_with_meta`, and their blocking
/// forms. The attributes are the docs of `send`.
///
/// - `Builder => Output, OPERATION`: sends what `request()` returns, and decodes the response's
///   `data`. The builder has a `handle`.
/// - `Builder => Output, by method`: `method` returns `Result<ApiResponse<Output>, OrionError>`.
/// - `Builder => any T, by method`: the same, for any type `T` that the caller chooses.
/// - `Builder => stream Output, by method`: `Output` is a stream, which blocking callers get as an
///   iterator.
/// - `Builder => only Output, by method`: `method` returns `Output`, for operations of several calls.
///   The builder's `not_sent` returns the `Output` if a blocking call is impossible.
macro_rules! send_methods {
    ($(#[$doc:meta])* $builder:ty => $output:ty, $operation:ident) => {
        $crate::endpoint::send_methods! {
            @with_meta [$(#[$doc])*] [$builder] [] [self] [$output]
            [*$crate::call::call::<$output>(&self.handle, &$operation, self.request()).await?]
            [$crate::call::call_with_meta::<$output>(&self.handle, &$operation, self.request())
                .await?
                .unboxed()]
        }
        $crate::endpoint::send_methods! { @blocking [$builder] [] [self] [$output] }
    };
    ($(#[$doc:meta])* $builder:ty => $output:ty, by $method:ident) => {
        $crate::endpoint::send_methods! {
            @with_meta [$(#[$doc])*] [$builder] [] [self] [$output]
            [self.$method().await?.data]
            [self.$method().await?]
        }
        $crate::endpoint::send_methods! { @blocking [$builder] [] [self] [$output] }
    };
    ($(#[$doc:meta])* $builder:ty => any $output:ident, by $method:ident) => {
        $crate::endpoint::send_methods! {
            @with_meta [$(#[$doc])*] [$builder]
            [<$output: serde::de::DeserializeOwned + Send>] [self] [$output]
            [self.$method().await?.data]
            [self.$method().await?]
        }
        $crate::endpoint::send_methods! {
            @blocking [$builder]
            [<$output: serde::de::DeserializeOwned + Send>] [self] [$output]
        }
    };
    ($(#[$doc:meta])* $builder:ty => stream $output:ty, by $method:ident) => {
        $crate::endpoint::send_methods! {
            @with_meta [$(#[$doc])*] [$builder] [] [self] [$output]
            [self.$method().await?.data]
            [self.$method().await?]
        }
        #[cfg(feature = "blocking")]
        impl $builder {
            $crate::endpoint::send_methods! {
                @blocking_method send_blocking like send [] [self]
                [Result<$crate::Blocking<$output>, $crate::OrionError>]
                [{
                    let handle = self.handle.clone();
                    let stream = handle.block_on(self.send())?;
                    Ok($crate::Blocking::new(handle, stream))
                }]
            }
            $crate::endpoint::send_methods! {
                @blocking_method send_with_meta_blocking like send_with_meta [] [self]
                [Result<$crate::ApiResponse<$crate::Blocking<$output>>, $crate::OrionError>]
                [{
                    let handle = self.handle.clone();
                    let response = handle.block_on(self.send_with_meta())?;
                    Ok($crate::ApiResponse {
                        data: $crate::Blocking::new(handle, response.data),
                        meta: response.meta,
                    })
                }]
            }
        }
    };
    ($(#[$doc:meta])* $builder:ty => only $output:ty, by $method:ident) => {
        impl $builder {
            $crate::endpoint::send_methods! {
                @method [$(#[$doc])*] [] [self] send [$output] [self.$method().await]
            }
        }
        #[cfg(feature = "blocking")]
        impl $builder {
            $crate::endpoint::send_methods! {
                @blocking_method send_blocking like send [] [self] [$output]
                [{
                    let handle = self.handle.clone();
                    match handle.background.start() {
                        Ok(entry) => entry.block_on(self.send()),
                        Err(why) => self.not_sent(&why),
                    }
                }]
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

    (
        @blocking [$builder:ty] [$($generics:tt)*] [$self:ident] [$output:ty]
    ) => {
        #[cfg(feature = "blocking")]
        impl $builder {
            $crate::endpoint::send_methods! {
                @blocking_method send_blocking like send [$($generics)*] [$self]
                [Result<$output, $crate::OrionError>]
                [$self.handle.clone().block_on($self.send())]
            }
            $crate::endpoint::send_methods! {
                @blocking_method send_with_meta_blocking like send_with_meta [$($generics)*] [$self]
                [Result<$crate::ApiResponse<$output>, $crate::OrionError>]
                [$self.handle.clone().block_on($self.send_with_meta())]
            }
        }
    };
    (
        @blocking_method $name:ident like $method:ident [$($generics:tt)*] [$self:ident]
        [$output:ty] [$result:expr]
    ) => {
        #[doc = concat!("Like [`", stringify!($method), "`](Self::", stringify!($method), "), but \
            blocks the thread until the call has ended. It needs no runtime. In async code, it also \
            holds up the other tasks of the thread. See [`guide::blocking`](crate::guide::blocking).")]
        ///
        /// # Errors
        ///
        #[doc = concat!("As [`", stringify!($method), "`](Self::", stringify!($method), "), and \
            [`OrionError::Config`](crate::OrionError::Config) if the call cannot be made from here.")]
        pub fn $name $($generics)* ($self) -> $output {
            $result
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
