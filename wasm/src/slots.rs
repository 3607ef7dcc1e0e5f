//! State that lasts over several calls, in a bounded table. A freed slot is
//! wiped, because what it holds is wiped when dropped.

/// A table of `N` slots.
pub struct Slots<T, const N: usize>([Option<T>; N]);

impl<T, const N: usize> Slots<T, N> {
    /// An empty table.
    pub const fn new() -> Self {
        Self([const { None }; N])
    }

    /// Puts `value` into a free slot and returns its number, or `None`.
    pub fn insert(&mut self, value: T) -> Option<usize> {
        let free = self.0.iter().position(Option::is_none)?;
        self.0[free] = Some(value);
        Some(free)
    }

    /// What slot `index` holds.
    pub fn get(&mut self, index: usize) -> Option<&mut T> {
        self.0.get_mut(index)?.as_mut()
    }

    /// Frees slot `index`; it may be free already.
    pub fn remove(&mut self, index: usize) {
        if let Some(slot) = self.0.get_mut(index) {
            *slot = None;
        }
    }
}

impl<T, const N: usize> Default for Slots<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_and_used_again() {
        let mut slots = Slots::<u8, 2>::new();
        assert_eq!(slots.insert(10), Some(0));
        assert_eq!(slots.insert(11), Some(1));
        assert_eq!(slots.insert(12), None);
        slots.remove(0);
        slots.remove(9);
        assert_eq!(slots.get(0), None);
        assert_eq!(slots.insert(13), Some(0));
        assert_eq!(slots.get(0), Some(&mut 13));
        assert_eq!(slots.get(9), None);
    }
}
