//! Disentangled self-attention (DeBERTa, arXiv:2006.03654, equation 4) over packed rows.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::kernels::attention::{Geometry, PositionProjections, QuerySelection, fused, is_fused};
use crate::kernels::relative_positions::PositionTerms;
use crate::model::deberta::config::DebertaConfig;
use crate::model::deberta::masked;
use crate::model::deberta::plain_attention::plain_attention;
use crate::model::linear::Linear;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// The projections of the position table without `share_att_key`, as far as the terms need them.
#[derive(Module, Debug)]
struct OwnProjections {
    key: Option<Linear>,
    query: Option<Linear>,
}

/// `DisentangledSelfAttention` in transformers' `modeling_deberta_v2.py`.
#[derive(Module, Debug)]
pub(super) struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    /// Absent with `share_att_key`: then the content's own projections are used, with their biases.
    own: Option<OwnProjections>,
    /// Computed once when the model is loaded, since they do not depend on the input; absent where
    /// gradients are computed.
    #[module(skip)]
    positions: Option<PositionProjections>,
}

impl SelfAttention {
    /// `table`: `[2 · span, hidden]`, with relative positions.
    pub(super) fn load(
        from: &mut impl Parameters,
        name: &str,
        config: &DebertaConfig,
        table: Option<&Tensor<2>>,
    ) -> Result<Self> {
        let size = config.hidden_size;
        let mut linear = |part: &str| Linear::load(from, &format!("{name}.{part}"), size, size);
        let (query, key, value) = (
            linear("query_proj")?,
            linear("key_proj")?,
            linear("value_proj")?,
        );
        let own = match &config.relative {
            Some(relative) if !relative.shared_keys => {
                let (c2p, p2c) = (relative.terms.c2p(), relative.terms.p2c());
                Some(OwnProjections {
                    key: c2p.then(|| linear("pos_key_proj")).transpose()?,
                    query: p2c.then(|| linear("pos_query_proj")).transpose()?,
                })
            }
            _ => None,
        };
        let mut attention = Self {
            query,
            key,
            value,
            own,
            positions: None,
        };
        if let (Some(relative), Some(table)) =
            (&config.relative, table.filter(|table| !table.is_autodiff()))
        {
            attention.positions = Some(attention.project(table, relative.terms));
        }
        Ok(attention)
    }

    /// `x`: `[tokens, hidden]`; `table`: `[2 · span, hidden]` → `[queries, hidden]`: the tokens of
    /// `selection`, or all.
    ///
    /// By the fused operation where the device has one and no gradient is needed, else by
    /// [`plain_attention`].
    pub(super) fn forward(
        &self,
        x: &Tensor<2>,
        table: Option<&Tensor<2>>,
        geometry: &Geometry,
        selection: Option<&Arc<QuerySelection>>,
    ) -> Tensor<2> {
        let positions = match (&self.positions, table) {
            (Some(positions), _) => positions.clone(),
            (None, Some(table)) => self.project(table, geometry.terms),
            (None, None) => PositionProjections::None,
        };
        let (key, value) = (self.key.forward(x.clone()), self.value.forward(x.clone()));
        let select = |x: Tensor<2>| match selection {
            Some(selection) => selection.select(x),
            None => x,
        };
        if is_fused(x, geometry) {
            let query = self.query.forward(select(x.clone()));
            let allow_bf16 = self.query.rounds_factors();
            let context = fused(
                query,
                key,
                value.clone(),
                positions,
                geometry,
                selection,
                allow_bf16,
            );
            return masked::averaged(context, &value, geometry, selection.map(Arc::as_ref));
        }
        let query = self.query.forward(x.clone());
        let context = plain_attention(&query, &key, &value, &positions, geometry);
        select(masked::averaged(context, &value, geometry, None))
    }

    /// The table `[2 · span, hidden]` projected as keys and as queries, as far as the terms need
    /// it.
    fn project(&self, table: &Tensor<2>, terms: PositionTerms) -> PositionProjections {
        let (key, query) = match &self.own {
            None => (Some(&self.key), Some(&self.query)),
            Some(own) => (own.key.as_ref(), own.query.as_ref()),
        };
        let keys = key
            .filter(|_| terms.c2p())
            .map(|key| key.forward(table.clone()));
        let queries = query
            .filter(|_| terms.p2c())
            .map(|query| query.forward(table.clone()));
        match (keys, queries) {
            (None, None) => PositionProjections::None,
            (Some(keys), None) => PositionProjections::C2p { keys },
            (None, Some(queries)) => PositionProjections::P2c { queries },
            (Some(keys), Some(queries)) => PositionProjections::Both { keys, queries },
        }
    }
}
