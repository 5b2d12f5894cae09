//! What a device keeps of a value of the host, from one layer to the next.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// What a device keeps, in a form that only the device's own code knows.
#[derive(Clone, Default)]
pub(crate) struct Uploaded(Arc<OnceLock<Box<dyn Any + Send + Sync>>>);

impl Uploaded {
    /// The kept value; the first call makes it with `upload`. Every caller must ask for the same
    /// type, for the same device.
    #[cfg(feature = "_gpu")]
    pub(crate) fn get_or_upload<T: Clone + Send + Sync + 'static>(
        &self,
        upload: impl Fn() -> T,
    ) -> T {
        let kept = self.0.get_or_init(|| Box::new(upload()));
        kept.downcast_ref::<T>().cloned().unwrap_or_else(upload)
    }
}

impl fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploaded")
            .field("done", &self.0.get().is_some())
            .finish()
    }
}

/// A value with what the device keeps of it. Copies share both.
pub struct Uploadable<T: ?Sized> {
    value: Arc<T>,
    uploaded: Uploaded,
}

impl<T: ?Sized> Uploadable<T> {
    /// What the device keeps; the first call makes it. As [`Uploaded::get_or_upload`].
    #[cfg(feature = "_gpu")]
    pub(crate) fn get_or_upload<U: Clone + Send + Sync + 'static>(
        &self,
        upload: impl Fn(&T) -> U,
    ) -> U {
        self.uploaded.get_or_upload(|| upload(&self.value))
    }
}

impl<T: ?Sized> Deref for Uploadable<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> Clone for Uploadable<T> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            uploaded: self.uploaded.clone(),
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Uploadable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: ?Sized> From<Arc<T>> for Uploadable<T> {
    fn from(value: Arc<T>) -> Self {
        Self {
            value,
            uploaded: Uploaded::default(),
        }
    }
}

impl<T: Clone> From<&[T]> for Uploadable<[T]> {
    fn from(values: &[T]) -> Self {
        Arc::<[T]>::from(values).into()
    }
}

impl<T> FromIterator<T> for Uploadable<[T]> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().collect::<Arc<[T]>>().into()
    }
}
